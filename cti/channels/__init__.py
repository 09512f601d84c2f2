"""The outside world: telephony, e-mail and SMS, three folders that look alike."""
