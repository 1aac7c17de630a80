"""The signed door outward: what happens is told to addresses that the operator's file names."""
