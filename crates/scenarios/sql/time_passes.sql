UPDATE {table} SET {column} = 1
WHERE seat_id = (SELECT id FROM seat WHERE user_id = '{user_id}');
SELECT changes();
-- A date of one user ID moves to the beginning of 1970: what its clock would have done.
