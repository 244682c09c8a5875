/// One partition's log on disk.
@org.jspecify.annotations.NullMarked
module io.millrace.log {
    requires static transitive org.jspecify;
    requires com.github.luben.zstd_jni;
    requires org.slf4j;

    exports io.millrace.log;
    exports io.millrace.log.disk;
}
