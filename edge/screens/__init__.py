"""Who watches which screen, what each shows now, and what its pages report back."""
