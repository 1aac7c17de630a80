"""Who may enter, what each may do, and how much."""
