"""What is shown and tried out in a checkout; nothing here is installed."""
