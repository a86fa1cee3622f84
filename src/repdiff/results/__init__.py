"""What comes out: frozen data that know neither engines nor files nor pages."""
