package io.millrace.replication.partition;

import io.millrace.log.CorruptLogException;
import io.millrace.replication.TopicPartition;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What happens in one group, and who wants to hear of it. A failure and a damage are told once, and to those who come
/// later at once.
///
/// Threading: any.
final class GroupEvents implements GroupState.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(GroupEvents.class);

    private final String nodeId;
    private final List<Consumer<TopicPartition>> appendListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> metadataListeners = new CopyOnWriteArrayList<>();
    private final Lasting failure = new Lasting();
    private final Lasting damage = new Lasting();

    GroupEvents(String nodeId) {
        this.nodeId = nodeId;
    }

    /// Something that is true for good once it has happened.
    private static final class Lasting {
        // ---- guarded by this
        private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
        private volatile @Nullable String what; // read by any

        AutoCloseable listen(Consumer<String> listener) {
            String known;
            synchronized (this) {
                listeners.add(listener);
                known = what;
            }
            if (known != null) {
                tell(List.of(listener), known);
            }
            return () -> listeners.remove(listener);
        }

        /// @return false when it is known already
        boolean happened(String now) {
            synchronized (this) {
                if (what != null) {
                    return false;
                }
                what = now;
            }
            return true;
        }

        void tell() {
            String known = what;
            if (known != null) {
                tell(List.copyOf(listeners), known);
            }
        }

        /// Not on the thread that found it: that one may hold what the listener is going to close.
        private static void tell(List<Consumer<String>> listeners, String what) {
            Thread.ofVirtual().name("replication-told").start(() -> {
                for (Consumer<String> listener : listeners) {
                    call(() -> listener.accept(what));
                }
            });
        }
    }

    /// A listener's fault must not stop the log.
    private static void call(Runnable listener) {
        try {
            listener.run();
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("a listener of the replicated log failed");
        }
    }

    AutoCloseable onAppend(Consumer<TopicPartition> listener) {
        appendListeners.add(listener);
        return () -> appendListeners.remove(listener);
    }

    AutoCloseable onMetadataChange(Runnable listener) {
        metadataListeners.add(listener);
        return () -> metadataListeners.remove(listener);
    }

    AutoCloseable onFailure(Consumer<String> listener) {
        return failure.listen(listener);
    }

    AutoCloseable onDamage(Consumer<String> listener) {
        return damage.listen(listener);
    }

    /// Why the log cannot go on; null while it can.
    @Nullable
    String failure() {
        return failure.what;
    }

    /// What is wrong with stored records; null while nothing is known.
    @Nullable
    String damage() {
        return damage.what;
    }

    @Override
    public void appended(TopicPartition partition) {
        for (Consumer<TopicPartition> listener : appendListeners) {
            call(() -> listener.accept(partition));
        }
    }

    @Override
    public void metadataChanged() {
        for (Runnable listener : metadataListeners) {
            call(listener);
        }
    }

    @Override
    public void logFailed(String what, Throwable cause) {
        boolean isNew =
                failure.happened("%s: %s. This node accepts nothing any more; restart it when the cause is removed"
                        .formatted(what, cause));
        if (isNew) {
            LOG.atError().setCause(cause).addKeyValue("node", nodeId).log("replicated log failed");
            failure.tell();
        }
    }

    @Override
    public void damaged(CorruptLogException found) {
        if (damage.happened("stored records are damaged: " + found.getMessage())) {
            LOG.atError()
                    .setCause(found)
                    .addKeyValue("node", nodeId)
                    .log("this replica is damaged; its peers have the records");
            damage.tell();
        }
    }
}
