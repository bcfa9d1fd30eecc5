"""What a network says of pictures, and what that is worth: prediction, metrics, comparison."""
