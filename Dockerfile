# One image per service: docker build --target command-service | query-service | gateway .
FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    mvn -B -ntp -pl command-service,query-service,gateway -am package -Dmaven.test.skip=true -Dexec.skip=true \
    && for service in command-service query-service gateway; do \
         java -Djarmode=tools -jar "$service"/target/*-exec.jar extract --layers --launcher --destination "/layers/$service" \
         || exit 1; \
       done

FROM eclipse-temurin:25-jre AS service
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin skreaver
WORKDIR /app
# Nothing is written but to /tmp: run it with --read-only --tmpfs /tmp.
ENV JAVA_TOOL_OPTIONS="-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow"
COPY --chmod=0555 deploy/healthy /usr/local/bin/healthy
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["healthy"]
ENTRYPOINT ["java", "org.springframework.boot.loader.launch.JarLauncher"]

FROM service AS command-service
ENV SKREAVER_PORT=8081
COPY --from=build /layers/command-service/dependencies/ ./
COPY --from=build /layers/command-service/spring-boot-loader/ ./
COPY --from=build /layers/command-service/snapshot-dependencies/ ./
COPY --from=build /layers/command-service/application/ ./
USER 10001
EXPOSE 8081

FROM service AS query-service
ENV SKREAVER_PORT=8082
COPY --from=build /layers/query-service/dependencies/ ./
COPY --from=build /layers/query-service/spring-boot-loader/ ./
COPY --from=build /layers/query-service/snapshot-dependencies/ ./
COPY --from=build /layers/query-service/application/ ./
USER 10001
EXPOSE 8082

FROM service AS gateway
ENV SKREAVER_PORT=8080
COPY --from=build /layers/gateway/dependencies/ ./
COPY --from=build /layers/gateway/spring-boot-loader/ ./
COPY --from=build /layers/gateway/snapshot-dependencies/ ./
COPY --from=build /layers/gateway/application/ ./
USER 10001
EXPOSE 8080
