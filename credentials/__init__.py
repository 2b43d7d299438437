"""What a reader proves who they are with: session tokens, their cookie, passwords and JWTs.

Interchangeable, byte for byte, with a Better Auth server that shares our database and secret.
Pure: knows no SQL, no HTTP library, no settings and no clock but the one in a JWT's ``exp``.
"""
