"""The telephone channel: AMI, SIP and AGI behind one face."""
