/* Writes the titles of the windows on the screen into a file, in UTF-8, a line each, the topmost
   first, as a task switcher shows them. For tests only. */

#include <stdio.h>
#include <windows.h>

static BOOL CALLBACK print(HWND window, LPARAM file)
{
    WCHAR title[512];
    char octets[2048];
    if (IsWindowVisible(window) && GetWindowTextW(window, title, ARRAYSIZE(title)) > 0
        && WideCharToMultiByte(CP_UTF8, 0, title, -1, octets, sizeof octets, NULL, NULL))
        fprintf((FILE *)file, "%s\n", octets);
    return TRUE;
}

int main(int count, char **arguments)
{
    FILE *file = count == 2 ? fopen(arguments[1], "wb") : NULL;
    return file && EnumWindows(print, (LPARAM)file) && fclose(file) == 0 ? 0 : 1;
}
