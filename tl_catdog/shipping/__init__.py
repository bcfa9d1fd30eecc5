"""Taking a run elsewhere: the classifier that ships, exports, the web page."""
