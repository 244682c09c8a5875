package io.millrace.http.route;

/// Names of topics and groups: `[A-Za-z0-9._-]{1,249}`, not `.` or `..`; `_` in front is the system's.
public final class Names {
    public static final int LENGTH_MAX = 249;

    private Names() {}

    /// @throws HttpFailure `invalid_name`
    public static String check(String kind, String name) {
        if (!isWellFormed(name)) {
            throw new HttpFailure(
                    ErrorCode.INVALID_NAME,
                    "A %s's name has 1 to %d of A-Z a-z 0-9 . _ - and is not . or ..; this one is '%s'."
                            .formatted(kind, LENGTH_MAX, shorten(name)));
        }
        return name;
    }

    /// Also refuses the system's names.
    ///
    /// @throws HttpFailure `invalid_name`
    public static String checkOwn(String kind, String name) {
        check(kind, name);
        if (name.charAt(0) == '_') {
            throw new HttpFailure(
                    ErrorCode.INVALID_NAME,
                    "Names that start with _ belong to the system; '%s' needs another one.".formatted(name));
        }
        return name;
    }

    public static boolean isWellFormed(String name) {
        int length = name.length();
        if (length == 0 || length > LENGTH_MAX) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char character = name.charAt(i);
            boolean allowed = (character >= 'a' && character <= 'z')
                    || (character >= 'A' && character <= 'Z')
                    || (character >= '0' && character <= '9')
                    || character == '.'
                    || character == '_'
                    || character == '-';
            if (!allowed) {
                return false;
            }
        }
        return !name.equals(".") && !name.equals("..");
    }

    private static String shorten(String name) {
        return name.length() > 80 ? name.substring(0, 80) + "…" : name;
    }
}
