"""Other administrations, through PDND: vouchers, and who asks on their side. Off unless there is a settings file."""
