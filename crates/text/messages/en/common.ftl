# Shared words. Terms follow the table of the design.
product = Tegata

# On every page
language-name = English
skip-to-content = Skip to the main text
contact-heading = Contact

# Kinds of notice (so that colour is never the only sign)
notice-info = Information
notice-success = Done
notice-warning = Please note
notice-error = Something went wrong

# The page that refuses
refusal-label = Not available
refusal-next-steps = What to do now
support-reference = Support reference
support-reference-hint = Please give this reference when you contact us.
