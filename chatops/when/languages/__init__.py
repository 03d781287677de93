"""The languages in which times are read and said, each in a module that is data.

A language is read by rewriting its words into the English ones that the grammar knows: `rewriting`
does it, `language` says what a table is. What the bot says stands in the same module, as a
`Speech`, so that what is told and what is read lie side by side.
"""
