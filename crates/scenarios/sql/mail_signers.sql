SELECT * FROM own_certificate WHERE purpose = 'mail';
