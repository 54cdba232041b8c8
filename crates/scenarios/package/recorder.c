/* Stands for the application in an installer's tests: writes down how it was called. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR arguments, int show)
{
    const char *name = getenv("RECORD");
    FILE *file = name ? fopen(name, "a") : NULL;
    if (file) {
        fprintf(file, "%s\n", arguments);
        fclose(file);
    }
    return 0;
}
