"""What a server does with requests beyond answering them: swap, canary, shadow."""
