"""The people of a review: the protocol they agreed on, their invitations and their sessions."""
