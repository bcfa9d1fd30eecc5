"""The networks: baseline and MobileNetV2 with one head, their ONNX graphs and forward passes."""
