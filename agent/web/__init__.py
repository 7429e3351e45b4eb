"""The counter: pages for clerk, secretary and head. Parse, ask the domain, commit, render; nothing here waits for the road."""
