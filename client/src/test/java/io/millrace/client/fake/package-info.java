/// A node made of JDK parts that speaks the contract to the letter and fails on demand.
@NullMarked
package io.millrace.client.fake;

import org.jspecify.annotations.NullMarked;
