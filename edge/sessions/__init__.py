"""What happens between a shopper and a screen: a state machine, the greeting, and the stage that runs both."""
