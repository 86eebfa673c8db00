"""What a backup put back does not know: ``memory`` reads it in the base that was there, ``settle`` sets it right.

A restore goes back in time for the database, not for the people: who asked never to be called again did ask, an
e-mail that left did leave, an account that was closed is closed, a day of purge that passed did pass.
"""
