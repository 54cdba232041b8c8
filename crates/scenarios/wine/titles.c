/* Prints the titles of the windows on the screen, in UTF-8, a line each, the topmost first, as a
   task switcher shows them. For tests only. */

#include <stdio.h>
#include <windows.h>

static BOOL CALLBACK print(HWND window, LPARAM unused)
{
    WCHAR title[512];
    char octets[2048];
    (void)unused;
    if (IsWindowVisible(window) && GetWindowTextW(window, title, ARRAYSIZE(title)) > 0
        && WideCharToMultiByte(CP_UTF8, 0, title, -1, octets, sizeof octets, NULL, NULL))
        puts(octets);
    return TRUE;
}

int main(void)
{
    return EnumWindows(print, 0) ? 0 : 1;
}
