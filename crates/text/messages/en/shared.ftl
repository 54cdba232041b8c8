# A folder for keys in which other users can write.

store-shared = Other users of this PC can write in the folder { $path }. No key was put there, and nothing was sent.
store-shared-do = Take that right from them with chmod go-w { $path }, or name a folder of your own.
