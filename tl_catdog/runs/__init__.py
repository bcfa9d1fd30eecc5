"""The run folder: what a training leaves and all other commands read; one run ships here."""
