"""`make doctor SHAPES=1`: whether Qualys' answers have the form that the functions expect."""
