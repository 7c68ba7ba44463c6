// Times of day, week and year, so that the answer is the same at all of them.
function FindProxyForURL(url, host) {
    switch (host) {
    case "week.example.net": return when(weekdayRange("SUN", "SAT"));
    case "round.example.net": return when(weekdayRange("THU", "WED"));
    case "gmt.example.net": return when(weekdayRange("MON", "SUN", "GMT"));
    case "day.example.net": return when(timeRange(0, 23));
    case "minutes.example.net": return when(timeRange(0, 0, 23, 59));
    case "seconds.example.net": return when(timeRange(0, 0, 0, 23, 59, 59, "GMT"));
    case "night.example.net": return when(timeRange(13, 0, 12, 59));
    case "month.example.net": return when(dateRange(1, 31));
    case "year.example.net": return when(dateRange("JAN", "DEC"));
    case "dates.example.net": return when(dateRange(1, "JAN", 31, "DEC"));
    case "past.example.net": return when(dateRange(1995, 1999));
    case "once.example.net": return when(dateRange(24, "DEC", 1999));
    case "until.example.net": return when(dateRange("OCT", 1995, "MAR", 1996));
    case "since.example.net": return when(dateRange(1, "JUN", 1995, 15, "AUG", 2999));
    case "neither.example.net": return when(weekdayRange("MON") && weekdayRange("TUE"));
    case "wrong.example.net": return when(weekdayRange("Monday") || dateRange("Brumaire"));
    }
    return "PROXY last.example.net:80";
}
function when(so) {
    return so ? "PROXY one.example.net:8080" : "PROXY two.example.net:3128";
}
// week.example.net:993 -> PROXY one.example.net:8080
// round.example.net:993 -> PROXY one.example.net:8080
// gmt.example.net:993 -> PROXY one.example.net:8080
// day.example.net:993 -> PROXY one.example.net:8080
// minutes.example.net:993 -> PROXY one.example.net:8080
// seconds.example.net:993 -> PROXY one.example.net:8080
// night.example.net:993 -> PROXY one.example.net:8080
// month.example.net:993 -> PROXY one.example.net:8080
// year.example.net:993 -> PROXY one.example.net:8080
// dates.example.net:993 -> PROXY one.example.net:8080
// past.example.net:993 -> PROXY two.example.net:3128
// once.example.net:993 -> PROXY one.example.net:8080
// until.example.net:993 -> PROXY two.example.net:3128
// since.example.net:993 -> PROXY one.example.net:8080
// neither.example.net:993 -> PROXY two.example.net:3128
// wrong.example.net:993 -> PROXY two.example.net:3128
