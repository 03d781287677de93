"""A Telegram on your own machine: the Bot API over HTTP, a chat page, and a control API for tests.

The way of a call: `app` (routes) → `bot_api` (token, faults, flood, journal) → `parameters` →
`methods` (one handler
per Bot API method) → `world` (chats, messages, bots) → `shapes` (Bot API objects). Nothing here
knows Django.
Rules and error texts follow the open-source Bot API server 10.0 and TDLib; what Telegram's closed
servers decide
(answers in CAPITALS, flood numbers) is simulated.
"""
