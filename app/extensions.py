"""The objects that Flask extensions live in; created here, bound to an app in ``app.factory``."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

# With FAB's own declarative base, so that one metadata holds its tables and ours.
db = SQLAlchemy(model_class=Model)
migrate = Migrate()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address)
