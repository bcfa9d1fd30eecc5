"""The section on all picture sets of a folder: what is measured on each, and the tables."""
