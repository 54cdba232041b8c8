UPDATE own_certificate SET revoked_at = 1, revoked_reason = 1 WHERE purpose = 'mail';
