"""``review``: doubtful labels, the list to edit, and doing what it says."""
