"""The ChatKit protocol: what its front end is sent. Knows neither HTTP nor SQL.

ChatKit is OpenAI's chat interface; its protocol has no specification but the code of
openai-chatkit, so the schemas in openapi.yaml are one.
"""
