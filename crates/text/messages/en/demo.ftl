# The sample service of tegata demo
sample-title = You are in
sample-greeting = Welcome, { $user_id }. Your certificate was recognised.
