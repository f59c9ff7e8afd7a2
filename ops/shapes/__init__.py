"""`make doctor SHAPES=1`: checks that Qualys' answers have the form that the functions expect."""
