"""The notifier: tells people, once each, and keeps trying until they are told."""
