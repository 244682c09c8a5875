/// The client of Millrace: producers, consumers, queries and topic administration over HTTP, on the JDK alone.
module io.millrace.client {
    requires java.net.http;
    requires static org.jspecify;

    exports io.millrace.client;
}
