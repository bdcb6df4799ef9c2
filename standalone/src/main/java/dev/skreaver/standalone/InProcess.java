package dev.skreaver.standalone;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** The second transport of the services' interfaces: a plain call in the same JVM. */
final class InProcess {
  private InProcess() {}

  /**
   * The bean by its interface alone. Were its class visible, the gateway's web framework would take
   * it for a controller of its own and open {@code /internal} to the world.
   */
  static <T> T face(Class<T> type, T bean) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return method.invoke(bean, arguments);
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            }));
  }
}
