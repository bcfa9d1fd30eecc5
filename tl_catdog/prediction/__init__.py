"""``predict``: from a picture's file to a calibrated answer, or to ``unsure``."""
