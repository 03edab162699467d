"""What the office says by SMS: wording, outbox, delivery and reports."""
