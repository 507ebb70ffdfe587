"""What is done to the product's own processes: guards taken out, faults put in, clocks and disks changed."""
