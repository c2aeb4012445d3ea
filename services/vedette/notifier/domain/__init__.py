"""The notifier's decisions: whom to tell, in what order, how many at once, when to try again."""
