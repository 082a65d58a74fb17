"""What the generated ledgers are made of; app.views.base puts it together."""
