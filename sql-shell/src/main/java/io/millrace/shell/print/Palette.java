package io.millrace.shell.print;

/// Colours by meaning, or none.
public enum Palette {
    PLAIN {
        @Override
        String wrap(String code, String text) {
            return text;
        }
    },
    ANSI {
        @Override
        String wrap(String code, String text) {
            return text.isEmpty() ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
        }
    };

    abstract String wrap(String code, String text);

    public String dim(String text) {
        return wrap("2", text);
    }

    public String heading(String text) {
        return wrap("1", text);
    }

    public String error(String text) {
        return wrap("1;31", text);
    }

    public String hint(String text) {
        return wrap("36", text);
    }

    public String fresh(String text) {
        return wrap("32", text);
    }

    public String good(String text) {
        return wrap("32", text);
    }
}
