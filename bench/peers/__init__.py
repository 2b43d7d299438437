"""What the service is measured beside; each is what people run or write, nothing of ours."""
