"""Times as people type them at a bot: read, asked back, refused, repeated, and stored. Pure.

`reading` has the readers, `splitting` takes a command's arguments apart, `saying` has what the bot
repeats, `recurrences` what is stored of "every weekday at 9:15". Below them: `tokens`, with words
of other languages rewritten by `languages` → `grammar` (a phrase, before it is known when it is
said) → `spans` and `occasions` (its instants, here and now).
"""
