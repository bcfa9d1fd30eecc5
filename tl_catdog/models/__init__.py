"""The model builders: baseline and MobileNetV2, which end in the same head."""
